"""One file per flow. Each reads as the story of its work; the steps are in `tasks`."""
