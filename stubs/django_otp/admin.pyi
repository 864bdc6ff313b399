from django.contrib.admin import AdminSite

class OTPAdminSite(AdminSite):
    def __init__(self, name: str = ...) -> None: ...
