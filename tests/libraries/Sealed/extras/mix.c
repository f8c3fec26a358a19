/* What src/atmega328p/libSealed.a holds; scripts/update-oracle makes it. */
int sealedMix(int x)
{
    return (x << 3) ^ (x >> 2);
}
