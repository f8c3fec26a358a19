#error "extras/ of a library is not compiled"
