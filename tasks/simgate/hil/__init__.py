"""The hil stage: a bench. A recorded drive is replayed to the engine, and every command meets the monitor."""
