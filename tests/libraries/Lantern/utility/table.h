extern const unsigned char lantern_table[8];
