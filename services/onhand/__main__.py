from onhand.cli.main import main

main()
