#pragma once
void beaconBegin();
void beaconBlink(int times);
int beaconPin();
