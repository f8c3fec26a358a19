#define INTERVAL 17
