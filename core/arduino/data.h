/*
 * data.h - where jig's own data files are: overlays/ and platformio.txt.
 *
 * The first of: the folder the caller names (the daemon passes JIG_DATA_DIR on), the source tree
 * this binary was built from, the installed folder (PREFIX/share/jig), /usr/share/jig.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_DATA_H
#define JIG_ARDUINO_DATA_H

/* `named` may be NULL or "". The folder may not be there: then what is read from it is absent. The
 * caller frees. */
char *jig_data_dir(const char *named);

#endif
