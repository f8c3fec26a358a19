#error "the sources of a fully precompiled library are not compiled"
