from runtime.sources.chats.prefill import *
