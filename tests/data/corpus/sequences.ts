@problemName a
@univariate false
@classLabel true yes no
@data
1,2,3:4,5,6:yes
7,8:9,10:no
