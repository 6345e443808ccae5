from runtime.sources.chats.turns import *
