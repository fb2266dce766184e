# Times rpact on the designs of peers.rs: a line a design, name, nanoseconds, answer, by tabs.
suppressPackageStartupMessages(library(rpact))

timed <- function(name, design) {
  answer <- design()
  best <- Inf
  for (round in 1:3) {
    calls <- 0
    start <- proc.time()[["elapsed"]]
    while (proc.time()[["elapsed"]] - start < 0.3) {
      design()
      calls <- calls + 1
    }
    best <- min(best, (proc.time()[["elapsed"]] - start) / calls)
  }
  cat(name, sprintf("%.1f", best * 1e9), sprintf("%.10g", answer), sep = "\t")
  cat("\n")
}

timed("t test: control units", function() {
  getSampleSizeMeans(alpha = 0.05, beta = 0.2, sided = 2, alternative = 0.1, stDev = 1)$nFixed1
})
timed("t test: power", function() {
  getPowerMeans(alpha = 0.05, sided = 2, alternative = 0.1, stDev = 1, maxNumberOfSubjects = 3000)$overallReject
})
timed("pooled rates: control units", function() {
  getSampleSizeRates(alpha = 0.05, beta = 0.2, sided = 2, pi1 = 0.11, pi2 = 0.1)$nFixed2
})
sequential <- function(looks) {
  design <- getDesignGroupSequential(kMax = looks, alpha = 0.05, beta = 0.2, sided = 2, typeOfDesign = "asOF")
  getSampleSizeMeans(design, alternative = 0.1, stDev = 1)$maxNumberOfSubjects1
}
timed("5 looks: t test, control units", function() sequential(5))
timed("20 looks: t test, control units", function() sequential(20))
