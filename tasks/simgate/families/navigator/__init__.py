"""Navigator: finds obstacles in a picture and says how to drive to the goal."""
