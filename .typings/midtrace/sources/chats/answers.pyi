from runtime.sources.chats.answers import *
