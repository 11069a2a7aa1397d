"""What a person sees and steers."""
