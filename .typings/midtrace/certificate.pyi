from runtime.certificate import *
