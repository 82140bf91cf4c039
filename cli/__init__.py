"""The one program, a file a command."""
