#error "a folder other than src/ is not compiled"
