"""Text, JSON, CSV, Markdown: from what the views and checks found to what is shown. Pure; nothing is printed here."""
