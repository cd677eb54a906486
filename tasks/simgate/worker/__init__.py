"""Worker: one supervised process that serves a stage; framed messages over a channel of its own, never over stdout."""
