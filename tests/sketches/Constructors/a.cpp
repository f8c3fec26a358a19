#include "tracer.h"

static Tracer a('a');
