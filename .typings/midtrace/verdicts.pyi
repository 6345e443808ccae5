from runtime.verdicts import *
