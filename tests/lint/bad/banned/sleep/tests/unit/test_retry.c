static void wait_a_bit(void)
{
    /* sleep(1) here is only a comment */ usleep (100);
}
