variable "prefix" {
  description = "What every secret's name begins with; ends with a slash."
  type        = string
  default     = "quayside/"
}

variable "connections" {
  description = "Name after the prefix → what it opens."
  type        = map(string)
  default = {
    "serving"           = "The warehouse; a role that may only read, for dashboards"
    "source/humanforce" = "The rosters' and timesheets' API"
    "source/swiftpos"   = "The tills' API"
    "source/totesys"    = "The shop's database; a role that may only read"
    "warehouse"         = "The warehouse; the role that loads it"
  }
}

variable "recovery_days" {
  description = "Days in which a deleted secret can be restored, and its name not be used again; 0 deletes at once."
  type        = number
  default     = 7
}
