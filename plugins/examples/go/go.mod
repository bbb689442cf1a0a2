module word-policy

go 1.24
