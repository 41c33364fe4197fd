from onhand.kit.migrations import run

run()
