# The web app: a private bucket behind CloudFront, or nothing where it is served otherwise, as on a laptop.

locals {
  delivered  = var.web_origin == null
  web_origin = local.delivered ? "https://${one(aws_cloudfront_distribution.web[*].domain_name)}" : var.web_origin

  # The API's own name would be a circle: its document and its Lambdas name the web app's origin, which CloudFront
  # gives, and CloudFront's distribution these headers. So any API of this region, and the one address of Cognito.
  headers = jsondecode(templatefile("${path.module}/headers.json", {
    services = "https://*.execute-api.${data.aws_region.current.name}.amazonaws.com ${local.cognito}"
  }))

  config = jsonencode({
    api_url          = local.api_url
    region           = data.aws_region.current.name
    user_pool_id     = aws_cognito_user_pool.users.id
    client_id        = aws_cognito_user_pool_client.web.id
    cognito_endpoint = local.cognito
    airflow_url      = var.airflow_url
  })
}

module "web" {
  source = "../bucket"
  count  = local.delivered ? 1 : 0

  name             = "${var.name}-web-${data.aws_caller_identity.current.account_id}"
  versioned        = var.keeps_history
  served_over_tls  = var.served_over_tls
  policy_documents = [data.aws_iam_policy_document.deliver[0].json]
}

data "aws_iam_policy_document" "deliver" {
  count = local.delivered ? 1 : 0

  statement {
    sid       = "LetCloudFrontRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.name}-web-${data.aws_caller_identity.current.account_id}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.web[0].arn]
    }
  }
}

# What the web app reads when it starts, so that one build serves everywhere.
resource "aws_s3_object" "config" {
  count = local.delivered ? 1 : 0

  bucket        = module.web[0].name
  key           = "config.json"
  content       = local.config
  content_type  = "application/json"
  cache_control = "no-cache"
}

resource "aws_cloudfront_origin_access_control" "web" {
  count = local.delivered ? 1 : 0

  name                              = "${var.name}-web"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_response_headers_policy" "web" {
  count = local.delivered ? 1 : 0

  name = "${var.name}-web"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.headers.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = local.headers.referrer_policy
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "Permissions-Policy"
      value    = local.headers.permissions_policy
      override = true
    }
  }
}

data "aws_cloudfront_cache_policy" "optimized" {
  count = local.delivered ? 1 : 0

  name = "Managed-CachingOptimized" # heeds the Cache-Control that objects were uploaded with
}

resource "aws_cloudfront_distribution" "web" {
  count = local.delivered ? 1 : 0

  comment             = "The web app of ${var.name}"
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = "PriceClass_100"
  default_root_object = "index.html"

  origin {
    origin_id                = "web"
    domain_name              = "${var.name}-web-${data.aws_caller_identity.current.account_id}.s3.${data.aws_region.current.name}.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.web[0].id
  }

  default_cache_behavior {
    target_origin_id           = "web"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.optimized[0].id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.web[0].id
  }

  # A path of the app's own is no object: the app itself knows what it is. 403 is what S3 says to who may not list.
  custom_error_response {
    error_code            = 403
    response_code         = 200
    response_page_path    = "/index.html"
    error_caching_min_ttl = 0
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
