"""Plain rules on text: words, sentences. Pure, and used by splitting, search and answering."""
