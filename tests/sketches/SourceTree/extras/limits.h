#pragma once
#define LIMIT 42
