// Nur LF: two kinds of line ends in one sketch.
int ende() { return 'ä' > 0 ? 1 : 2; }
