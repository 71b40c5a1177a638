"""What leaves this program for other people's code."""
