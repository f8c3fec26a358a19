#error "a tab in a folder of its own is not part of the sketch"
