#error "examples of a library are not compiled"
