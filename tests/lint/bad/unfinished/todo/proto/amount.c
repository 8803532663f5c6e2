/* TODO: check the amount */
