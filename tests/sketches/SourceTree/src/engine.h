#pragma once
void engineStart(int limit);
void engineTurn(int by);
