"""What test modules share: waiting, the command line, nodes, engines, records. No test is here."""
