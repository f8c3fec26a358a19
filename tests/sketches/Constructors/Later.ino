Tracer laterTab('l');

int spare() {
  return 4;
}
