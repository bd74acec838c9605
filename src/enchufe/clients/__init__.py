"""What a person sees and types: languages, transcripts, the console, the line being typed."""
