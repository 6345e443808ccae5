from runtime.ledger import *
