#include "tracer.h"

static Tracer z('Z');
namespace {
Tracer anonymous('n');
}
