from runtime.sources.chats import *
