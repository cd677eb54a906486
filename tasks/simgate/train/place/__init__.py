"""The place of a training: machines, processes, and the messages between them. It changes no byte of a network."""
