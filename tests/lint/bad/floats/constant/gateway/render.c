static const int half = 0.5 * 2;
