#error "a hidden folder is not compiled"
