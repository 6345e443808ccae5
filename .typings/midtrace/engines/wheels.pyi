from runtime.engines.wheels import *
