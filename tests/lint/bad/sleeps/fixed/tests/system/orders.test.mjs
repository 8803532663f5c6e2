await sleep(1000)
