"""The demo: a whole deployment on this machine, two releases of it told in the terminal."""
