"""The hil stage: an emulated bench. A recorded drive is replayed to the engine, and every command meets the monitor."""
