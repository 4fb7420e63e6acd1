output "topic_arn" {
  description = "ARN of the topic that failures and recoveries are published to."
  value       = aws_sns_topic.alerts.arn
}
