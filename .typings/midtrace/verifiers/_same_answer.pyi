from verifiers._same_answer import same as same
